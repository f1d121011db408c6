/** Everything but sizes and ways of exchange ends up in pod templates: also labels and annotations of the service itself. */
export const restartsPods = (change: string): boolean =>
  !/^spec\.(engine|decoder|router)\.(minReplicas|maxReplicas|scaleTarget|scaleMetric|minAvailable|maxUnavailable|deploymentStrategy)\b/.test(
    change,
  )

/** What a change of these fields means for the pods that run. */
export const exchangeWarnings = (service: string, changes: readonly string[]): string[] =>
  changes.some(restartsPods) ? [`every pod of '${service}' is exchanged for a new one`] : []
