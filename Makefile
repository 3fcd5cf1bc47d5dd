# Every target sets itself up on a fresh clone. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check base-install format pretrained pretrained-fluorescence bench bench-photo bench-camera bench-candidates bench-trust bench-verdicts bench-order bench-features bench-server bench-slow bench-hostile bench-keras bench-models bench-footprint bench-ceiling bench-tiles bench-loader bench-own bench-fluorescence bench-method bench-noise-models bench-units bench-strength bench-scale bench-hosts clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unnoise needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt 'torch==2.13.0'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,serve,hub,cluster,remote,dev]'
	@touch $@

demo: $(READY) ## Train on digits for a minute, show a picture and a quality report
	$(BIN)/unnoise demo --overwrite

# The tests of the page need a browser, and are skipped where none can be installed.
test: $(READY) ## Run the tests, on two cores side by side
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 \
	  || { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo 'no chromium, and none can be installed: the tests of the page are skipped'
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

check: $(READY) ## Lint, formatting, types, the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile
	$(BIN)/pytest -q tests/test_rooms.py
	$(BIN)/python tools/count_lines.py

base-install: ## Size and speed of pip install unnoise alone, in an empty environment
	$(PYTHON) tools/base_install.py

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pretrained: $(READY) ## Train the photo denoiser on, from the weights in the package, for MINUTES (90)
	$(BIN)/python tools/pretrain_photo.py --minutes $(or $(MINUTES),90)

pretrained-fluorescence: $(READY) ## Train the fluorescence denoiser, from nothing, for MINUTES (25)
	$(BIN)/python tools/pretrain_fluorescence.py --minutes $(or $(MINUTES),25)

bench-photo: $(READY) benchmarks/photo/.packages ## The photo denoiser beside classical methods and published networks
	$(BIN)/python benchmarks/photo/compare.py

bench-camera: $(READY) benchmarks/photo/.packages ## The photo denoiser on real camera noise beside BM3D and non-local means
	$(BIN)/python benchmarks/camera.py --model benchmarks/photo/photo-1.safetensors
	$(BIN)/python benchmarks/photo/keeps.py

bench-candidates: $(READY) ## Networks and recipes for the photo denoiser, each trained for two minutes
	$(BIN)/python benchmarks/photo/candidates.py

bench-trust: $(READY) ## Whether the warnings, the estimated quality and the intervals are right
	$(BIN)/python benchmarks/trust/trust.py

bench-verdicts: $(READY) ## Whether good results are rejected and bad ones trusted: 270 whose truth is known
	$(BIN)/python benchmarks/trust/verdicts.py
	$(BIN)/python benchmarks/trust/verdicts.py --final

bench-order: $(READY) ## Whether several models are put in the right order without clean images
	$(BIN)/python benchmarks/trust/order.py

bench-features: $(READY) ## What features are worth: few labels, denoise-then-classify, the tasks of the papers
	$(BIN)/python benchmarks/features/features.py

bench-server: $(READY) ## The server beside `denoise`, ONNX Runtime beside torch
	$(BIN)/python benchmarks/server/server.py

bench-slow: $(READY) ## The tests that take long, without which `make test` does
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m slow

bench-hostile: $(READY) ## 2,500 hostile requests
	UNNOISE_HOSTILE_CASES=2500 $(BIN)/pytest -q tests/server/test_hostile.py

benchmarks/photo/.packages: benchmarks/photo/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ -r $<
	@touch $@

bench: bench-models bench-footprint bench-tiles bench-loader bench-keras bench-ceiling bench-own bench-fluorescence bench-method bench-candidates bench-photo bench-camera bench-trust bench-verdicts bench-order bench-features bench-server bench-slow bench-hostile bench-scale ## Run every benchmark (about six hours)

bench-models: $(READY) ## Cost, speed, share of the machine's limit and quality of candidate networks
	$(BIN)/python benchmarks/models.py

bench-footprint: $(READY) ## Import time, peak memory, size of an install
	$(BIN)/python benchmarks/footprint.py

bench-tiles: $(READY) ## Speed, seams and memory of large images
	$(BIN)/python benchmarks/tiles.py

bench-loader: $(READY) ## Whether training waits for data
	$(BIN)/python benchmarks/loader.py

bench-noise-models: $(READY) ## How well a noise is estimated from noisy photographs (15 minutes)
	$(BIN)/python benchmarks/noise_models.py

bench-units: $(READY) ## Whether the unit of the values matters: one set of captures in eight
	$(BIN)/python benchmarks/units.py

bench-strength: $(READY) ## Detail recovery and hot pixels on photographs
	$(BIN)/python benchmarks/strength.py

bench-own: $(READY) ## Microscopy, documents and photographs: what each kind of data reaches
	$(BIN)/python benchmarks/own_images.py

bench-fluorescence: $(READY) ## The fluorescence denoiser on real captures, and which model is chosen for which images (30 minutes)
	$(BIN)/python benchmarks/micrographs.py --minutes 2
	$(BIN)/python benchmarks/choice.py

bench-method: $(READY) ## Which method noisy images alone get, and whether another one is better (20 minutes)
	$(BIN)/python benchmarks/method.py

bench-scale: $(READY) ## Many workers: speed, survival, the driver's memory, what a large job costs (40 minutes)
	$(BIN)/python benchmarks/scale/training.py
	$(BIN)/python benchmarks/scale/denoising.py
	$(BIN)/python benchmarks/scale/memory.py
	$(BIN)/python benchmarks/scale/cost.py
	$(BIN)/python benchmarks/scale/survival.py

bench-hosts: $(READY) ## Two hosts train together and one is cut off (needs root, for network namespaces)
	$(BIN)/python benchmarks/scale/hosts.py

bench-ceiling: $(READY) ## How good a large ensemble gets, trained long
	$(BIN)/python benchmarks/ceiling.py

bench-keras: $(READY) benchmarks/seed_keras/.venv/.ready ## Compare with the Keras original
	$(BIN)/python benchmarks/seed_keras/run.py

benchmarks/seed_keras/.venv/.ready: benchmarks/seed_keras/requirements.txt
	$(PYTHON) -m venv benchmarks/seed_keras/.venv
	benchmarks/seed_keras/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

clean: ## Remove what the targets made
	rm -rf .venv benchmarks/seed_keras/.venv benchmarks/photo/.packages demo runs .mypy_cache .pytest_cache .ruff_cache
