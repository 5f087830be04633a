/** What can be shown of a file, judged by its name. SVG is left out: it can hold scripts. */

const IMAGES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  avif: "image/avif",
};
const TEXTS = new Set(
  "txt md rst log csv tsv json jsonl yaml yml toml ini cfg py ipynb js ts sh sql html xml svg css tex diff patch lock".split(
    " ",
  ),
);
const NAMED_TEXTS = new Set(["license", "readme", "makefile", "dockerfile", "requirements"]);

function extension(path: string): string {
  return /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

export function imageType(path: string): string | null {
  return IMAGES[extension(path)] ?? null;
}

export function isText(path: string): boolean {
  const name = path.split("/").at(-1)?.toLowerCase() ?? "";
  return TEXTS.has(extension(path)) || NAMED_TEXTS.has(name);
}
