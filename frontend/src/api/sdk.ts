/** One function per operation of the API. */
export * from './generated/http/sdk.gen'
