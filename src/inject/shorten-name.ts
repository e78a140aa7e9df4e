/** Kubernetes' limit for the name of a container. */
export const NAME_CHARS_MAX = 63

/** A container's name has at most 63 characters, but webhooks run before that is checked. */
export function shortenName(name: string): string {
  return name.length <= NAME_CHARS_MAX ? name : `${name.slice(0, NAME_CHARS_MAX)}…`
}
