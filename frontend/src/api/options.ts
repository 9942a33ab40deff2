/** Query options, keys and mutations per operation of the API. */
export * from './generated/http/@tanstack/react-query.gen'
