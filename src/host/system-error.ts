/** What the operating system answers where it refuses something: its code, and why in words. */

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  EADDRINUSE: "it is in use",
};

/** The code of such an error (`ENOENT`); empty for any other. */
export function codeOf(e: unknown): string {
  return e instanceof Error && "code" in e && typeof e.code === "string" ? e.code : "";
}

/** Why, in words; what has none here is told as the system says it. */
export function reasonOf(e: unknown): string {
  return REASONS[codeOf(e)] ?? (e instanceof Error ? e.message : String(e));
}
