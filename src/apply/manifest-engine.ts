/** The parts of the engine that read files and tell how an apply ended. Without the planner, they are loaded in a moment. */
export {applyError, loadManifest, problemsError, resultData} from '@omni-cli/sdk/engine'
