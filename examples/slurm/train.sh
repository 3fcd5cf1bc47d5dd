#!/bin/bash
# Trains on one node with GPUs, and goes on in the next job when the time of this one is over.
#
#     sbatch examples/slurm/train.sh DATA RUN [options of unnoise train]
#
#SBATCH --job-name=unnoise
#SBATCH --nodes=1
#SBATCH --gpus-per-node=2
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
set -euo pipefail
data=${1:?name the data} run=${2:?name the run folder}
shift 2

# --resume begins a run if there is none, continues it, and does nothing if it is complete. In the
# background, because bash handles a signal only when no command runs in the foreground.
srun torchrun --nproc-per-node "${SLURM_GPUS_ON_NODE:-1}" \
  -m unnoise train "$data" --out "$run" --resume "$@" &
training=$!

# SLURM sends USR1 two minutes before the time is over. A checkpoint is at most half a minute old.
again() {
  echo "the time is over: the job goes on in a new one"
  kill -TERM "$training" && wait "$training" || true
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
}
trap again USR1

wait "$training"
