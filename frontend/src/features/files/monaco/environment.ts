/**
 * What Monaco looks up when it loads, so that this must have run before. Two of its parts ask for a policy of the same
 * name, which the browser grants once: both get the same one.
 */
interface Factory {
  createPolicy: (name: string, rules: object) => object
}

const granted = new Map<string, object>()

function policy(name: string, rules?: object): object | undefined {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes
  const made = granted.get(name) ?? factory?.createPolicy(name, rules ?? {})
  if (made) granted.set(name, made)
  return made
}

self.MonacoEnvironment = { createTrustedTypesPolicy: policy as never }
