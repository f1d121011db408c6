import type {ApiObject, ObjectKind, RuntimeSpec} from '@omni-cli/sdk'

/** The smallest runtime of that image. It is never chosen by itself: whoever makes one so bare names it. */
export const runtimeManifest = (spec: RuntimeSpec, {kind, group, version}: ObjectKind): ApiObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: {name: spec.name, ...(spec.labels === undefined ? {} : {labels: spec.labels})},
  spec: {
    supportedModelFormats: spec.architectures.map((modelArchitecture) => ({
      modelFormat: {name: 'safetensors', version: '1.0.0'},
      modelArchitecture,
      autoSelect: false,
    })),
    engineConfig: {
      runner: {
        name: 'ome-container',
        image: spec.image,
        ...(spec.gpus === undefined ? {} : {resources: {limits: {'nvidia.com/gpu': String(spec.gpus)}}}),
      },
    },
  },
})
