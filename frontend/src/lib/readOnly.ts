import { createContext, useContext } from 'react'

/** Whether what is shown belongs to a project that is put away: it can be read, and every change would be refused. */
export const ReadOnlyContext = createContext(false)

export const useReadOnly = (): boolean => useContext(ReadOnlyContext)
