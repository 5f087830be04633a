import { queryOptions, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState, type SyntheticEvent } from "react";
import { apiUrl, part } from "../../api/client";
import { useMedia } from "../../api/queries";
import type { MediaEntry, RunDetail } from "../../api/types";
import { formatBytes, formatCount, formatNumber } from "../../format/numbers";
import { formatTime } from "../../format/times";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { Modal } from "../../parts/Modal";
import { useNear } from "../../parts/useNear";
import { countedOf, DrawnData, isDrawn } from "./DrawnData";
import { frameOf, type Frame } from "./histogram";
import css from "./media.module.css";
import { fetchMediaData, isDataFile } from "./mediaData";
import { StepSlider } from "./StepSlider";

/** A picture of fewer pixels in each direction is drawn with its pixels as squares. */
const TINY = 64;
/** With more steps than this, pictures are shown one step at a time. */
const MOST_PICTURES = 6;

export function MediaTab({ run }: { run: RunDetail }) {
  if (run.media.length === 0) {
    return (
      <Empty title="No media">
        <p>
          Log images, audio, texts, tables and histograms like numbers:{" "}
          <code>
            run.log({"{"}"samples": tr.Image(pixels){"}"})
          </code>
        </p>
      </Empty>
    );
  }
  return (
    <div className={css.sections}>
      {[...run.media]
        .sort((a, b) => a.key.localeCompare(b.key, "en", { numeric: true }))
        .map(({ key, kind, entries }) => (
          <Media key={`${kind} ${key}`} run={run.id} name={key} kind={kind} entries={entries} />
        ))}
    </div>
  );
}

/** Whether the entries of a key are shown one step at a time. */
function isStepped(kind: string, steps: number): boolean {
  if (kind === "histogram") return steps > 1;
  return (kind === "image" || kind === "figure") && steps > MOST_PICTURES;
}

/** All entries of one key, the newest first; histograms and many pictures one step at a time. */
function Media({ run, name, kind, entries }: { run: string; name: string; kind: string; entries: number }) {
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useMedia(run, name);
  // Null: the newest one, also after a newer one comes.
  const [chosen, setChosen] = useState<number | null>(null);
  const total = data?.pages[0]?.total ?? 0;
  // Counted from the oldest, so that an entry keeps its number when a newer one comes.
  const items = (data?.pages.flatMap((page) => page.items) ?? [])
    .map((item, i) => ({ item, number: total - i }))
    .filter(({ item }) => item.kind === kind);
  const steps = [...new Set(items.map(({ item }) => item.step))].sort((a, b) => a - b);
  const stepped = isStepped(kind, steps.length);
  const step = chosen ?? steps.at(-1) ?? 0;
  const shown = stepped ? items.filter(({ item }) => item.step === step) : items;
  const frame = useFrame(data?.pages, kind);
  return (
    <section aria-label={`${name}, ${kind}`}>
      <header className={css.head}>
        <h2>{name}</h2>
        <span className="muted">
          {kind}, {formatCount(entries, "entry", "entries")}
        </span>
      </header>
      {!data && (error ? <Failure error={error} /> : <Loading what={name} />)}
      {stepped && (
        <StepSlider
          name={name}
          steps={steps}
          step={step}
          onChange={(next) => setChosen(next === steps.at(-1) ? null : next)}
        />
      )}
      <div className={css.grid} data-kind={kind} data-stepped={stepped}>
        {shown.map(({ item, number }, i) => (
          <figure key={stepped ? i : number} className={css.item}>
            <Content entry={item} frame={frame} />
            <figcaption title={formatTime(item.time)}>
              <span className="number">step {formatNumber(item.step)}</span>
              {item.caption && <span className={css.caption}>{item.caption}</span>}
            </figcaption>
          </figure>
        ))}
      </div>
      {hasNextPage && (
        <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
          {stepped ? "Load earlier steps" : "Show more"}
        </button>
      )}
    </section>
  );
}

/** What all histograms of a key are drawn in, so far as they are known: large ones are, once they were shown. */
function useFrame(pages: { items: MediaEntry[] }[] | undefined, kind: string): Frame | undefined {
  const entries = useMemo(
    () =>
      kind === "histogram" ? (pages ?? []).flatMap((page) => page.items).filter((item) => item.kind === kind) : [],
    [pages, kind],
  );
  const filed = [...new Map(entries.filter(isDataFile).map((entry) => [entry.digest, entry])).values()];
  const files = useQueries({
    queries: filed.map((entry) => ({ ...dataQuery(entry), enabled: false })),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
  return useMemo(() => {
    const counted = [...entries.map((entry) => entry.data), ...files].flatMap((data) => countedOf(data) ?? []);
    return counted.length > 0 ? frameOf(counted) : undefined;
  }, [entries, files]);
}

function dataQuery(entry: MediaEntry) {
  return queryOptions({
    queryKey: ["media data", entry.digest],
    queryFn: ({ signal }) => fetchMediaData(entry, signal),
    staleTime: Infinity,
  });
}

function blob(entry: MediaEntry, query: { type?: string; download?: number } = {}): string {
  return apiUrl(`/blobs/${part(entry.digest ?? "")}`, { name: entry.key.split("/").at(-1), ...query });
}

function Content({ entry, frame }: { entry: MediaEntry; frame?: Frame }) {
  const type = entry.media_type ?? "";
  if (entry.data && isDrawn(entry.data)) return <DrawnData entry={entry} data={entry.data} frame={frame} />;
  if (isDataFile(entry)) return <DataFile entry={entry} frame={frame} />;
  if (!entry.digest) return <p className="muted">The file of this entry is not in the store.</p>;
  // SVG may hold scripts and is therefore never shown as part of this page.
  if (type.startsWith("image/") && !type.includes("svg")) return <Picture entry={entry} />;
  if (type.startsWith("audio/"))
    return (
      <audio controls preload="none" src={blob(entry, { type })} aria-label={`${entry.key}, step ${entry.step}`} />
    );
  if (type.startsWith("video/"))
    return (
      <video controls preload="none" src={blob(entry, { type })} aria-label={`${entry.key}, step ${entry.step}`} />
    );
  return <Download entry={entry} />;
}

function Download({ entry }: { entry: MediaEntry }) {
  return (
    <a className={`button ${css.download}`} href={blob(entry, { download: 1 })} download>
      <Icon name="download" />
      Download {entry.media_type || entry.kind} ({formatBytes(entry.size)})
    </a>
  );
}

/** A text, table or histogram that is a file of its own: fetched once it comes near the screen, then drawn like any other. */
function DataFile({ entry, frame }: { entry: MediaEntry; frame?: Frame }) {
  const place = useRef<HTMLDivElement>(null);
  const near = useNear(place);
  const { data, error, refetch } = useQuery({ ...dataQuery(entry), enabled: near });
  if (data && isDrawn(data)) return <DrawnData entry={entry} data={data} frame={frame} />;
  return (
    <div ref={place} className={css.waiting}>
      {error ? (
        <Failure error={error} onRetry={() => void refetch()} />
      ) : data ? null : (
        <Loading what={`${formatBytes(entry.size)} of ${entry.kind}`} />
      )}
      {(error || data) && <Download entry={entry} />}
    </div>
  );
}

function Picture({ entry }: { entry: MediaEntry }) {
  const [large, setLarge] = useState(false);
  const [tiny, setTiny] = useState(false);
  // The pixels of a really small picture are what one wants to see; anything else gets illegible.
  const measure = ({ currentTarget: { naturalWidth, naturalHeight } }: SyntheticEvent<HTMLImageElement>) =>
    setTiny(entry.kind === "image" && Math.max(naturalWidth, naturalHeight) < TINY);
  const source = blob(entry, { type: entry.media_type ?? undefined });
  const title = `${entry.key}, step ${formatNumber(entry.step)}`;
  return (
    <>
      <button type="button" className={css.picture} onClick={() => setLarge(true)} aria-label={`Enlarge ${title}`}>
        <img
          src={source}
          alt={entry.caption ?? title}
          loading="lazy"
          decoding="async"
          data-tiny={tiny}
          onLoad={measure}
        />
      </button>
      {large && (
        <Modal title={title} onClose={() => setLarge(false)} wide>
          <img className={css.large} src={source} alt={entry.caption ?? title} data-tiny={tiny} />
        </Modal>
      )}
    </>
  );
}
