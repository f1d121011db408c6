// A module of its own, so that the start loads this one function and not the base of all commands.
export {loadConfig} from '@omni-cli/sdk/cli'
