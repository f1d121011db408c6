export {type OrcaSettings, orcaSettings} from './config.ts'
export {createOrcaEngine} from './provider/index.ts'
