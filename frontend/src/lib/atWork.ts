/** Why a workspace cannot be stopped now; the server refuses it for the same reason. */
export const AT_WORK = 'An agent is at work in it; cancel its run first to stop the workspace.'
