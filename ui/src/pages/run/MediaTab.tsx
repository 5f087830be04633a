import { useState } from "react";
import { apiUrl, part } from "../../api/client";
import { useMedia } from "../../api/queries";
import type { MediaEntry, RunDetail } from "../../api/types";
import { exact, formatBytes, formatCount, formatNumber, formatValue, isNumeric, toNumber } from "../../format/numbers";
import { formatTime } from "../../format/times";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { Modal } from "../../parts/Modal";
import css from "./media.module.css";
import { barHeights } from "./histogram";

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

/** All entries of one key. The newest steps are last in the store and first on the screen. */
function Media({ run, name, kind, entries }: { run: string; name: string; kind: string; entries: number }) {
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useMedia(run, name);
  const items = data?.pages.flatMap((page) => page.items).filter((item) => item.kind === kind) ?? [];
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
        {items.map((item, i) => (
          <figure key={`${item.step} ${i}`} className={css.item}>
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
  if (entry.data?.text !== undefined)
    return (
      <pre className={css.text} tabIndex={0} role="region" aria-label={`${entry.key}, step ${entry.step}`}>
        {entry.data.text}
      </pre>
    );
  if (entry.data?.columns && entry.data.rows)
    return <DataTable entry={entry} columns={entry.data.columns} rows={entry.data.rows} />;
  if (entry.data?.edges && entry.data.counts) return <Histogram entry={entry} />;
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
  return (
    <a className="button" href={blob(entry, { download: 1 })} download>
      <Icon name="download" />
      Download {type || entry.kind} ({formatBytes(entry.size)})
    </a>
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

function DataTable({ entry, columns, rows }: { entry: MediaEntry; columns: string[]; rows: unknown[][] }) {
  return (
    <div className={css.tableScroll} tabIndex={0} role="region" aria-label={`${entry.key}, step ${entry.step}`}>
      <table>
        <thead>
          <tr>
            {columns.map((column, i) => (
              <th key={i} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 200).map((row, i) => (
            <tr key={i}>
              {row.map((value, j) => (
                <td key={j} data-numeric={isNumeric(value)} title={exact(value as never)}>
                  {isNumeric(value) ? formatNumber(value) : formatValue(value as never)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > 200 && <p className="muted">The first 200 of {formatCount(rows.length, "row")}.</p>}
    </div>
  );
}

const WIDTH = 320;
const HEIGHT = 110;

function Histogram({ entry }: { entry: MediaEntry }) {
  const edges = entry.data!.edges!.map(toNumber);
  const counts = entry.data!.counts!.map(toNumber);
  const bars = barHeights(edges, counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const low = formatNumber(edges[0]);
  const high = formatNumber(edges.at(-1));
  return (
    <div className={css.histogram}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of ${formatNumber(total)} values from ${low} to ${high}`}
      >
        {bars.map((bar, i) => (
          <rect
            key={i}
            x={bar.from * WIDTH}
            width={Math.max(0.5, (bar.to - bar.from) * WIDTH - 1)}
            y={HEIGHT * (1 - bar.height)}
            height={HEIGHT * bar.height}
          >
            <title>{`${formatNumber(edges[i])} to ${formatNumber(edges[i + 1])}: ${formatNumber(counts[i])}`}</title>
          </rect>
        ))}
      </svg>
      <p className="muted number">
        <span>{low}</span>
        <span>{formatNumber(total)} values</span>
        <span>{high}</span>
      </p>
    </div>
  );
}
