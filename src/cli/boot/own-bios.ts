/** The BIOS that comes with this package (guests/bios). */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const IMAGE = "guests/bios/bios.bin";

/** Its path, wherever above this module (or the bundle it is in) the package lies. */
export function ownBiosPath(): string {
  let at = new URL(`./${IMAGE}`, import.meta.url);
  for (let folder = new URL(".", import.meta.url); !existsSync(at) && folder.pathname !== "/";) {
    folder = new URL("..", folder);
    at = new URL(IMAGE, folder);
  }
  return fileURLToPath(at);
}
