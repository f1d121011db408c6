// Stands in for the package `wsl-utils`, of which oclif asks two things at every start; the package needs a part of
// Node for them that takes longer to load than the rest of the start.
export const isWsl = process.env.WSL_DISTRO_NAME !== undefined

export const powerShellPath = async (): Promise<string> => 'powershell.exe'
