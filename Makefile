# Every target sets itself up on a fresh clone. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
RECORD := $(BIN)/python benchmarks/record.py

.DEFAULT_GOAL := help
.PHONY: $(shell grep -oE '^[a-z][a-z-]*:' Makefile | tr -d :)

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(READY): pyproject.toml constraints.txt tests/exporters/bioimageio.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "unnoise needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt 'torch==2.13.0'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,serve,hub,cluster,remote,video,raw,astro,bio,em,medical,dev,docs]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .venv/bioimageio -r tests/exporters/bioimageio.txt
	@touch $@

demo: $(READY) ## Train on digits for a minute, show a picture and a quality report
	$(BIN)/unnoise demo --overwrite

# The tests of the page need a browser, and are skipped if none can be installed.
test: $(READY) ## Run the tests on two cores
	@command -v chromium >/dev/null || test "$$(id -u)" != 0 \
	  || { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo 'no chromium, and none can be installed: the tests of the page are skipped'
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

docs: $(READY) ## Build the site with short tutorials, and check it in a browser
	OMP_NUM_THREADS=2 $(BIN)/sphinx-build -W --keep-going -q -b html -d docs/_build/doctrees docs docs/_build/html
	OMP_NUM_THREADS=1 $(BIN)/pytest -q tests/docs/test_site.py

docs-full: $(READY) ## Build the site with the long form of the tutorials (15 minutes)
	UNNOISE_DOCS=full $(BIN)/sphinx-build -W --keep-going -q -E -b html -d docs/_build/doctrees docs docs/_build/html

docs-open: docs ## Show the site on this machine
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory docs/_build/html 8001

gallery: $(READY) ## Make the pictures of the gallery again (ten minutes)
	$(BIN)/python tools/gallery.py

test-pipelines: $(READY) .venv/.pipelines ## Run the examples for Snakemake and Nextflow
	OMP_NUM_THREADS=1 $(BIN)/pytest -q tests/examples

.venv/.pipelines: $(READY) tests/examples/requirements.txt
	$(PYTHON) -m venv .venv/pipelines
	.venv/pipelines/bin/pip install --quiet --disable-pip-version-check -r tests/examples/requirements.txt
	@touch $@

# napari and Qt come into an environment of their own, and draw on a virtual screen.
test-napari: .venv/.napari ## Run the tests of the napari plug-in in real windows
	@command -v xvfb-run >/dev/null || test "$$(id -u)" != 0 \
	  || { apt-get -qq update && apt-get -qq install -y --no-install-recommends $(SCREEN); } >/dev/null 2>&1 \
	  || true
	@if command -v xvfb-run >/dev/null; then \
	  PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 OMP_NUM_THREADS=1 xvfb-run -a \
	    .venv/napari/bin/python -m pytest -q -W default --disable-warnings tests/napari_plugin; \
	else echo 'no xvfb-run, and it cannot be installed: the tests of napari are skipped'; fi

# A virtual screen, OpenGL drawn by the processor, and the libraries of X that Qt loads.
SCREEN := xvfb xauth libegl1 libgl1 libglx-mesa0 libgl1-mesa-dri libopengl0 libdbus-1-3 libfontconfig1 libfreetype6 \
  libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-glx0 libxcb-icccm4 libxcb-image0 \
  libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-render0 libxcb-shape0 libxcb-shm0 libxcb-sync1 \
  libxcb-util1 libxcb-xfixes0 libxcb-xinerama0 libxcb-xkb1

.venv/.napari: $(READY)
	$(PYTHON) -m venv .venv/napari
	.venv/napari/bin/pip install --quiet --disable-pip-version-check -c constraints.txt 'torch==2.13.0'
	.venv/napari/bin/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,napari]' hypothesis pytest
	@touch $@

check: $(READY) ## Lint, check formatting, types and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile
	$(BIN)/pytest -q tests/test_rooms.py
	$(BIN)/python tools/count_lines.py

build: $(READY) ## Build sdist and wheel into dist/, check their content, install the wheel and use it
	$(BIN)/python tools/check_build.py

base-install: ## Measure size and speed of pip install unnoise alone, in an empty environment
	$(PYTHON) tools/base_install.py

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pretrained: $(READY) ## Train the photo denoiser further, from the weights in the package, for MINUTES (90)
	$(BIN)/python tools/pretrain_photo.py --minutes $(or $(MINUTES),90)

pretrained-fluorescence: $(READY) ## Train the fluorescence denoiser from scratch, for MINUTES (25)
	$(BIN)/python tools/pretrain_fluorescence.py --minutes $(or $(MINUTES),25)

bench-photo: $(READY) benchmarks/photo/.packages ## Compare the photo denoiser with classical methods and published networks
	$(RECORD) photo benchmarks/photo/compare.py --rounds 1

bench-camera: $(READY) benchmarks/photo/.packages ## Compare the photo denoiser on real camera noise with BM3D and non-local means
	$(RECORD) camera benchmarks/camera.py --model benchmarks/photo/photo-1.safetensors
	$(RECORD) keeps benchmarks/photo/keeps.py

bench-darktable: $(READY) ## Measure photo in the tiles of darktable, beside published networks
	$(RECORD) darktable benchmarks/darktable.py --rounds 1

bench-candidates: $(READY) ## Compare networks and recipes for the photo denoiser, each trained for the same short time
	$(RECORD) candidates benchmarks/photo/candidates.py --seconds 30
	$(RECORD) mixture benchmarks/photo/mixture.py --steps 150

bench-trust: $(READY) ## Check that the warnings, the estimated quality and the intervals are right
	$(RECORD) trust benchmarks/trust/trust.py

bench-verdicts: $(READY) ## Count good results that are rejected and bad ones that are trusted, of 321 with known truth
	$(RECORD) verdicts benchmarks/trust/verdicts.py
	$(RECORD) verdicts-final benchmarks/trust/verdicts.py --final

bench-grain: $(READY) ## Check estimated quality and verdicts on noise with a grain, of cameras and synthetic
	$(RECORD) grain benchmarks/trust/grain.py
	$(RECORD) grain-synthetic benchmarks/trust/grain.py --synthetic 24

bench-ladder: $(READY) ## Measure the pattern that a stride leaves in flat places, before and after its removal
	$(RECORD) ladder benchmarks/ladder.py table

bench-smeared: $(READY) ## Check that verdicts say where a model of several images smeared what moved
	$(RECORD) smeared benchmarks/trust/smeared.py

bench-order: $(READY) ## Check that several models are put in the right order without clean images
	$(RECORD) order benchmarks/trust/order.py

bench-features: $(READY) ## Measure features: few labels, denoise-then-classify, the tasks of the papers
	$(RECORD) features benchmarks/features/features.py
	$(RECORD) features-estimator benchmarks/features/estimator.py

bench-server: $(READY) ## Compare the server with `denoise`, and ONNX Runtime with torch
	$(RECORD) server benchmarks/server/server.py

bench-raw: $(READY) ## Compare ways to denoise mosaics, count what is taken for one, and time LibRaw
	$(RECORD) raw-designs benchmarks/raw.py designs
	$(RECORD) raw-designs-final benchmarks/raw.py designs --final
	$(RECORD) raw-alarms benchmarks/raw.py alarms
	$(RECORD) raw-cost benchmarks/raw.py cost

bench-slow: $(READY) ## Run the slow tests, which `make test` leaves out
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m slow

bench-hostile: $(READY) ## Send 2,500 hostile requests to the server
	UNNOISE_HOSTILE_CASES=2500 $(BIN)/pytest -q tests/server/test_hostile.py

bench-mutated: $(READY) ## Read 500 damaged files of each scientific format
	UNNOISE_MUTATED=500 $(BIN)/pytest -q tests/images/test_mutated.py

benchmarks/photo/.packages: benchmarks/photo/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ -r $<
	@touch $@

bench: $(filter-out bench-hosts,$(shell grep -oE '^bench-[a-z-]+' Makefile)) ## Run all benchmarks but bench-hosts (about five hours)

bench-models: $(READY) ## Measure cost, speed, share of the machine's limit and quality of candidate networks
	$(RECORD) models benchmarks/models.py

bench-footprint: $(READY) ## Measure import time, and peak memory of a training
	$(RECORD) footprint benchmarks/footprint.py

bench-install: $(READY) ## Measure size and speed of pip install unnoise alone
	$(RECORD) install tools/base_install.py

bench-tiles: $(READY) ## Measure speed, seams and memory of large images
	$(RECORD) tiles benchmarks/tiles.py --small

bench-loader: $(READY) ## Measure the time that training waits for data
	$(RECORD) loader benchmarks/loader.py

bench-noise-models: $(READY) ## Check noise specs estimated from noisy photographs
	$(RECORD) noise_models benchmarks/noise_models.py

bench-units: $(READY) ## Check that the unit of the values does not matter: one set of captures in eight
	$(RECORD) units benchmarks/units.py

bench-strength: $(READY) ## Measure detail recovery and hot pixels on photographs
	$(RECORD) strength benchmarks/strength.py

bench-flicker: $(READY) ## Measure the flicker and the trails of films, with the blend over time and without
	$(RECORD) flicker-final benchmarks/flicker.py --final

bench-own: $(READY) ## Train on microscopy, documents and photographs, and measure the quality
	$(RECORD) own-correlation benchmarks/own_images.py correlation
	$(RECORD) own-microscopy benchmarks/own_images.py microscopy
	$(RECORD) own-captures benchmarks/own_images.py captures
	$(RECORD) own-widefield benchmarks/own_images.py widefield --objective noise2noise --steps 3000
	$(RECORD) own-bsd68 benchmarks/own_images.py bsd68
	$(RECORD) own-documents benchmarks/own_images.py documents --steps 1500
	$(RECORD) own-self benchmarks/own_images.py self --minutes 0.3

bench-fluorescence: $(READY) ## Measure the fluorescence denoiser on real captures, and the choice between models
	$(RECORD) micrographs benchmarks/micrographs.py --minutes 1
	$(RECORD) choice benchmarks/choice.py

bench-method: $(READY) ## Check the method chosen for noisy images alone
	$(RECORD) method-choice benchmarks/method.py choice
	$(RECORD) method-quality benchmarks/method.py quality --steps 200

bench-longer: $(READY) ## Check the advice on the length of a training against trainings of twice the length
	$(RECORD) longer benchmarks/longer.py --seeds 0 --most 4

bench-neighbours: $(READY) ## Measure neighbouring images: quality, designs, cost
	$(RECORD) neighbours-choice benchmarks/neighbours.py choice --minutes 2
	$(RECORD) neighbours-objectives benchmarks/neighbours.py objectives --noise white --minutes 1
	$(RECORD) neighbours-designs benchmarks/neighbours.py designs --noise white --minutes 2
	$(RECORD) neighbours-burst benchmarks/neighbours.py burst --minutes 0.5
	$(RECORD) neighbours-speed benchmarks/neighbours.py speed
	$(RECORD) neighbours-memory benchmarks/neighbours.py memory

bench-neighbours-facts: $(READY) ## Check whether neighbouring images help, and where films are cut
	$(RECORD) neighbours_facts benchmarks/neighbours_facts.py

bench-scale: $(READY) ## Measure many workers: speed, survival, the driver's memory, the cost of a large job
	$(RECORD) scale-training benchmarks/scale/training.py --rounds 3 --seconds 8
	$(RECORD) scale-denoising benchmarks/scale/denoising.py
	$(RECORD) scale-memory benchmarks/scale/memory.py --counts 1000 20000
	$(RECORD) scale-cost benchmarks/scale/cost.py
	$(RECORD) scale-driver benchmarks/scale/driver.py --files 20000 200000
	$(RECORD) scale-survival benchmarks/scale/survival.py

bench-hosts: $(READY) ## Train on two hosts and cut one off (needs root, for network namespaces)
	$(RECORD) scale-hosts benchmarks/scale/hosts.py

bench-ceiling: $(READY) ## Measure the quality of a large ensemble, trained long
	$(RECORD) ceiling benchmarks/ceiling.py

bench-keras: $(READY) benchmarks/seed_keras/.venv/.ready ## Compare unnoise with the Keras original
	$(RECORD) keras benchmarks/seed_keras/run.py

benchmarks/seed_keras/.venv/.ready: benchmarks/seed_keras/requirements.txt
	$(PYTHON) -m venv benchmarks/seed_keras/.venv
	benchmarks/seed_keras/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

clean: ## Remove all files that the targets made
	rm -rf .venv dist benchmarks/seed_keras/.venv benchmarks/photo/.packages demo runs .mypy_cache .pytest_cache .ruff_cache
