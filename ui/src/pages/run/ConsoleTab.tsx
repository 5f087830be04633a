import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { RunDetail } from "../../api/types";
import { useSignal } from "../../data/signal";
import { formatCount } from "../../format/numbers";
import { formatTime } from "../../format/times";
import { Empty, Failure, Loading } from "../../parts/Messages";
import type { ShownLine } from "./console";
import { ConsoleFeed, type ConsoleView } from "./consoleFeed";
import css from "./run.module.css";

const LINE_HEIGHT = 18;

export function ConsoleTab({ run }: { run: RunDetail }) {
  const [feed, setFeed] = useState<ConsoleFeed | null>(null);
  useEffect(() => {
    const made = new ConsoleFeed(run.id);
    setFeed(made);
    return () => made.close();
  }, [run.id]);
  return feed && <Output feed={feed} ended={run.ended !== null} />;
}

function Output({ feed, ended }: { feed: ConsoleFeed; ended: boolean }) {
  const view = useSignal(feed.view);
  if (!view.loaded) return view.error ? <Failure error={view.error} /> : <Loading what="the console" />;
  if (view.total === 0)
    return (
      <Empty title="Nothing printed">
        <p>{ended ? "The run printed nothing." : "What the run prints shows up here as it is printed."}</p>
      </Empty>
    );
  return <Lines view={view} feed={feed} />;
}

function Lines({ view, feed }: { view: ConsoleView; feed: ConsoleFeed }) {
  const [search, setSearch] = useState("");
  const [follow, setFollow] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const wanted = search.toLowerCase();
  const shown = useMemo(
    () => (wanted ? view.lines.filter((line) => line.text.toLowerCase().includes(wanted)) : view.lines),
    [view.lines, wanted],
  );
  const virtualizer = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    getItemKey: (index) => shown[index]!.n,
    overscan: 30,
  });
  useEffect(() => {
    if (follow && shown.length > 0) virtualizer.scrollToIndex(shown.length - 1, { align: "end" });
  }, [shown.length, follow, virtualizer]);
  const earlier = (view.lines[0]?.n ?? 1) - 1;
  const onScroll = () => {
    const element = scroller.current!;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < LINE_HEIGHT * 2;
    if (!atEnd && follow && element.dataset.touched) setFollow(false);
  };
  const touched = () => {
    scroller.current!.dataset.touched = "yes";
  };
  return (
    <section className={css.console} aria-label="Console output">
      <header>
        <input
          className="field"
          type="search"
          aria-label="Search the console"
          placeholder="Search the output"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <button
          type="button"
          className="button"
          aria-pressed={follow}
          onClick={() => {
            delete scroller.current!.dataset.touched;
            setFollow(!follow);
          }}
        >
          Follow
        </button>
        {earlier > 0 && (
          <button type="button" className="button" onClick={() => void feed.loadEarlier()}>
            Load earlier lines
          </button>
        )}
        <span className="muted number">
          {wanted
            ? `${formatCount(shown.length, "line")} of ${formatCount(view.lines.length, "loaded line")}`
            : earlier > 0
              ? `the last ${formatCount(view.lines.length, "line")} of ${formatCount(view.total, "line")}`
              : formatCount(view.total, "line")}
        </span>
      </header>
      <div
        className={css.consoleScroll}
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Lines"
        onScroll={onScroll}
        onWheel={touched}
        onPointerDown={touched}
        onKeyDown={touched}
      >
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {virtualizer.getVirtualItems().map((item) => (
            <Line
              key={item.key}
              line={shown[item.index]!}
              top={item.start}
              index={item.index}
              measure={virtualizer.measureElement}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

function Line({
  line,
  top,
  index,
  measure,
}: {
  line: ShownLine;
  top: number;
  index: number;
  measure: (element: Element | null) => void;
}) {
  return (
    <div
      className={css.line}
      data-stream={line.stream}
      data-index={index}
      ref={measure}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className={css.lineNumber} title={`${formatTime(line.time)}, ${line.stream}`}>
        {line.n}
      </span>
      <span className={css.lineText}>
        {line.spans.map((span, i) => (
          <span
            key={i}
            data-colour={span.colour ?? undefined}
            data-bold={span.bold || undefined}
            data-dim={span.dim || undefined}
          >
            {span.text}
          </span>
        ))}
      </span>
    </div>
  );
}
