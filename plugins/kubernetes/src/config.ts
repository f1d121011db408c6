import * as z from 'zod/mini'

/** Settings of this plugin: what stands under `kubernetes` in a context. All may be left out. */
export const kubernetesSettings = z.strictObject({
  kubeconfig: z
    .optional(z.union([z.string().check(z.minLength(1)), z.array(z.string().check(z.minLength(1)))]))
    .check(z.describe('kubeconfig file, or several; default: $KUBECONFIG, else ~/.kube/config')),
  'ome-namespace': z
    .optional(z.string().check(z.minLength(1)))
    .check(z.describe('namespace of the OME operator and its agents; default: ome')),
  'gpu-price': z
    .optional(z.record(z.string(), z.number().check(z.gte(0))))
    .check(z.describe('price of one device for an hour, by class or model, where no AcceleratorClass tells it')),
})

export type KubernetesSettings = z.output<typeof kubernetesSettings>
