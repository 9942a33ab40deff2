/** Every shape the server knows, under one name: what travels by HTTP, and what is announced. */
export type * from './generated/events'
export type * from './generated/http'
export type { ClientOptions } from './generated/http'
