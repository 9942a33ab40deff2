/** Query options, keys and mutations per operation of the API. */
export * from './generated/@tanstack/react-query.gen'
