/** The service that runs a process of an application: `shop` and `worker` → `shop-worker`. */
export const componentName = (app: string, component: string | undefined): string =>
  component === undefined ? app : `${app}-${component}`
