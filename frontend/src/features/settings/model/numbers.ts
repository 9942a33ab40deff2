/** Numbers as they are typed, and which of them the server takes; the same for a project and for its agents. */

/** Empty is no number; what is none becomes NaN, which nothing takes. */
export function numberOf(text: string): number | null {
  return text.trim() ? Number(text) : null
}

export function isTemperature(value: number): boolean {
  return value >= 0 && value <= 2
}

export function isSteps(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 1000
}
