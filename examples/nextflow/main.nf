// Denoise every image that matches a pattern:
//   nextflow run examples/nextflow --images 'noisy/*.tif' --outdir clean [--model model.onnx] [-profile conda]
include { UNNOISE_DENOISE } from './modules/unnoise/denoise/main'

workflow {
    images = Channel
        .fromPath(params.images, checkIfExists: true)
        .map { path -> [[id: path.baseName], path] }
    model = params.model ? file(params.model, checkIfExists: true) : []

    UNNOISE_DENOISE(images, model)
}
