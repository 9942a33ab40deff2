/** Every shape the server knows: what travels by HTTP, and what is announced. */
export type * from './generated'
