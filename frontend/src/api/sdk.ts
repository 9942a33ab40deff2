/** One function per operation of the API. */
export * from './generated/sdk.gen'
