import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { apiUrl, part } from "../../api/client";
import { useMedia } from "../../api/queries";
import type { MediaEntry, RunDetail } from "../../api/types";
import { formatBytes, formatCount, formatNumber } from "../../format/numbers";
import { formatTime } from "../../format/times";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { Modal } from "../../parts/Modal";
import { useNear } from "../../parts/useNear";
import { DrawnData, isDrawn } from "./DrawnData";
import css from "./media.module.css";
import { fetchMediaData, isDataFile } from "./mediaData";

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

/** All entries of one key, the newest first. */
function Media({ run, name, kind, entries }: { run: string; name: string; kind: string; entries: number }) {
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useMedia(run, name);
  const total = data?.pages[0]?.total ?? 0;
  // Counted from the oldest, so that an entry keeps its number when a newer one comes.
  const items = (data?.pages.flatMap((page) => page.items) ?? [])
    .map((item, i) => ({ item, number: total - i }))
    .filter(({ item }) => item.kind === kind);
  return (
    <section aria-label={`${name}, ${kind}`}>
      <header className={css.head}>
        <h2>{name}</h2>
        <span className="muted">
          {kind}, {formatCount(entries, "entry", "entries")}
        </span>
      </header>
      {!data && (error ? <Failure error={error} /> : <Loading what={name} />)}
      <div className={css.grid} data-kind={kind}>
        {items.map(({ item, number }) => (
          <figure key={number} className={css.item}>
            <Content entry={item} />
            <figcaption title={formatTime(item.time)}>
              <span className="number">step {formatNumber(item.step)}</span>
              {item.caption && <span className={css.caption}>{item.caption}</span>}
            </figcaption>
          </figure>
        ))}
      </div>
      {hasNextPage && (
        <button type="button" className="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
          Show more
        </button>
      )}
    </section>
  );
}

function blob(entry: MediaEntry, query: { type?: string; download?: number } = {}): string {
  return apiUrl(`/blobs/${part(entry.digest ?? "")}`, { name: entry.key.split("/").at(-1), ...query });
}

function Content({ entry }: { entry: MediaEntry }) {
  const type = entry.media_type ?? "";
  if (entry.data && isDrawn(entry.data)) return <DrawnData entry={entry} data={entry.data} />;
  if (isDataFile(entry)) return <DataFile entry={entry} />;
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
function DataFile({ entry }: { entry: MediaEntry }) {
  const place = useRef<HTMLDivElement>(null);
  const near = useNear(place);
  const { data, error, refetch } = useQuery({
    queryKey: ["media data", entry.digest],
    queryFn: ({ signal }) => fetchMediaData(entry, signal),
    enabled: near,
    staleTime: Infinity,
  });
  if (data && isDrawn(data)) return <DrawnData entry={entry} data={data} />;
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
  const source = blob(entry, { type: entry.media_type ?? undefined });
  const title = `${entry.key}, step ${formatNumber(entry.step)}`;
  return (
    <>
      <button type="button" className={css.picture} onClick={() => setLarge(true)} aria-label={`Enlarge ${title}`}>
        <img src={source} alt={entry.caption ?? title} loading="lazy" decoding="async" />
      </button>
      {large && (
        <Modal title={title} onClose={() => setLarge(false)} wide>
          <img className={css.large} src={source} alt={entry.caption ?? title} />
        </Modal>
      )}
    </>
  );
}
