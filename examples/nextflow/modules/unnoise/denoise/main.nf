process UNNOISE_DENOISE {
    tag "$meta.id"
    label 'process_medium'

    conda "${moduleDir}/environment.yml"
    container "${params.unnoise_container ?: 'unnoise:latest'}"

    input:
    tuple val(meta), path(image)
    path model

    output:
    tuple val(meta), path("${prefix}.${extension}"), emit: image
    tuple val(meta), path("${prefix}.json")        , emit: verdict
    path "versions.yml"                            , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args    = task.ext.args ?: ''
    def network = model ? "--model ${model}" : ''
    prefix      = task.ext.prefix ?: "${meta.id}_denoised"
    extension   = image.extension
    """
    OMP_NUM_THREADS=${task.cpus} unnoise denoise \\
        ${image} \\
        --out ${prefix}.${extension} \\
        ${network} \\
        ${args} \\
        --json > ${prefix}.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        unnoise: \$(unnoise --version)
    END_VERSIONS
    """

    stub:
    prefix    = task.ext.prefix ?: "${meta.id}_denoised"
    extension = image.extension
    """
    touch ${prefix}.${extension}
    echo '[]' > ${prefix}.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        unnoise: \$(unnoise --version)
    END_VERSIONS
    """
}
