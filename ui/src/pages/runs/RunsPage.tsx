import { useCallback, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/client";
import { useProject, useRuns, useSample } from "../../api/queries";
import type { RunRow } from "../../api/types";
import { go, useParams } from "../../app/navigation";
import { joinNames, splitNames, urls } from "../../app/urls";
import { assignStyles } from "../../chart/palette";
import { runNews } from "../../data/refresh";
import { useSignal } from "../../data/signal";
import { formatNumber } from "../../format/numbers";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { Snippet } from "../../parts/Snippet";
import { useTitle } from "../../parts/useTitle";
import { ColumnPicker } from "./ColumnPicker";
import { defaultColumns, makeColumn, requestedColumns, sampleColumns, type Column } from "./columns";
import { FilterBox } from "./FilterBox";
import css from "./runs.module.css";
import { RunsTable } from "./RunsTable";
import { toggleSelection } from "./selection";
import { DEFAULT_SORT, nextSort, sortName } from "./sorting";

/** Width of what stands beside the table: navigation, margins, a scroll bar. */
const BESIDE = 250;
/** The most runs that the comparison takes. */
const MOST_COMPARED = 100;
const MOST_IN_ADDRESS = 30;

export function RunsPage({ project }: { project: string }) {
  const [params, setParams] = useParams();
  const q = params.get("q") ?? "";
  const sort = params.get("sort") ?? DEFAULT_SORT;
  useTitle("Runs", project);

  const detail = useProject(project);
  const { columns, chosen } = useColumns(project, params.get("cols"));
  const runs = useRuns({ project, q, sort, columns: requestedColumns(columns ?? []) }, columns !== null);
  // While a filter can't be used, the rows of the last one that could stay on the screen.
  const usable = useRef(runs.data);
  if (runs.data) usable.current = runs.data;
  const shown = runs.data ?? (runs.isError ? usable.current : undefined);
  const rows = useFreshRows(shown?.pages);
  const total = shown?.pages.at(-1)?.total ?? 0;

  const [selected, setSelected] = useSelection();
  const anchor = useRef<number | null>(null);
  const styles = useMemo(() => assignStyles([...selected]), [selected]);
  const { hasNextPage, isFetching, fetchNextPage, isError } = runs;
  const needMore = useCallback(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);

  if (!detail.data)
    return detail.error ? (
      <Failure error={detail.error} onRetry={() => void detail.refetch()} />
    ) : (
      <Loading what="runs" />
    );
  const queryError =
    runs.error instanceof ApiError && runs.error.status > 0 && runs.error.status < 500 ? runs.error : null;
  const order = (column: Column | "name") => {
    const name = column === "name" ? "name" : sortName(column);
    const greatestFirst = column !== "name" && (column.numeric || column.key === "created");
    const next = nextSort(sort, name, greatestFirst);
    setParams({ sort: next === DEFAULT_SORT ? null : next });
  };
  const select = (index: number, range: boolean) => {
    setSelected(
      toggleSelection(
        selected,
        rows.map((row) => row.id),
        index,
        range ? anchor.current : null,
      ),
    );
    anchor.current = index;
  };
  const selectAll = () => {
    const every = rows.every((row) => selected.has(row.id));
    setSelected(every ? new Set() : new Set([...selected, ...rows.map((row) => row.id)]));
  };
  const names = columns?.map((column) => column.name) ?? [];

  return (
    <div className={css.page}>
      <h1 className="hidden">Runs of {project}</h1>
      <div className={css.bar}>
        <FilterBox
          project={project}
          value={q}
          error={queryError}
          onChange={(next) => setParams({ q: next }, { replace: true })}
        />
        <div className={css.barEnd}>
          <Count
            total={total}
            all={detail.data.runs}
            filtered={q !== ""}
            known={shown !== undefined && !queryError}
            selected={selected.size}
            onClear={() => setSelected(new Set())}
          />
          <ColumnPicker
            project={detail.data}
            shown={names}
            onChange={(next) => setParams({ cols: joinNames(next) || "none" }, { replace: true })}
            onReset={chosen ? () => setParams({ cols: null }, { replace: true }) : null}
          />
          <button
            type="button"
            className="button primary"
            disabled={selected.size < 2 || selected.size > MOST_COMPARED}
            title={
              selected.size > MOST_COMPARED
                ? `At most ${MOST_COMPARED} runs`
                : selected.size < 2
                  ? "Select two runs or more"
                  : undefined
            }
            onClick={() => go(urls.compare(project, [...selected]))}
          >
            Compare{selected.size > 1 ? ` ${selected.size}` : ""}
          </button>
        </div>
      </div>
      {shown && total === 0 && !queryError ? (
        <NoRuns filtered={q !== ""} project={project} onClear={() => setParams({ q: null })} />
      ) : shown && columns ? (
        <RunsTable
          rows={rows}
          total={total}
          columns={columns}
          sort={sort}
          stale={runs.isPlaceholderData || queryError !== null}
          selected={selected}
          styles={styles}
          onSort={order}
          onSelect={select}
          onSelectAll={selectAll}
          onNeedMore={needMore}
        />
      ) : runs.error && !queryError ? (
        <Failure error={runs.error} onRetry={() => void runs.refetch()} />
      ) : queryError ? (
        <Empty title="The filter can't be used like this">
          <p>
            Change it, or{" "}
            <button type="button" className="button" onClick={() => setParams({ q: null })}>
              show all runs
            </button>
          </p>
        </Empty>
      ) : (
        <Loading what="runs" />
      )}
    </div>
  );
}

/** The selected runs. They stand in the address as long as that stays short, so the way back from a comparison finds them again. */
function useSelection(): [ReadonlySet<string>, (next: ReadonlySet<string>) => void] {
  const [params, setParams] = useParams();
  const [selected, setSelected] = useState<ReadonlySet<string>>(() => new Set(splitNames(params.get("sel"))));
  const select = (next: ReadonlySet<string>) => {
    setSelected(next);
    setParams({ sel: next.size <= MOST_IN_ADDRESS ? [...next].join(",") : null }, { replace: true });
  };
  return [selected, select];
}

/** The columns of the address, or else the ones that suit the project. Null while that is being found out. */
function useColumns(project: string, text: string | null): { columns: Column[] | null; chosen: boolean } {
  const { data } = useProject(project);
  const asked = useMemo(() => (data ? sampleColumns(data) : []), [data]);
  // Asked for once: columns that come and go while runs are going on would make the table jump.
  const first = useRef<string[] | null>(null);
  if (data && first.current === null) first.current = asked;
  const sample = useSample(project, first.current ?? [], text === null && data !== undefined);
  const defaults = useRef<string[] | null>(null);
  if (data && sample.data && (defaults.current === null || sample.data.total === 0))
    defaults.current = defaultColumns(data, sample.data.items, window.innerWidth - BESIDE);
  const names = text === null ? defaults.current : splitNames(text === "none" ? "" : text);
  const key = names?.join("\n");
  const columns = useMemo(
    () => (names ? names.map((name) => makeColumn(name, data)).filter((column) => column !== null) : null),
    [key, data?.contracts.length, data?.columns.params.length, text],
  );
  return { columns, chosen: text !== null };
}

/** The loaded rows, with the newest state and step that the event stream told. */
function useFreshRows(pages: { items: RunRow[] }[] | undefined): RunRow[] {
  const news = useSignal(runNews);
  return useMemo(() => {
    const rows: RunRow[] = [];
    const seen = new Set<string>();
    for (const row of pages?.flatMap((page) => page.items) ?? []) {
      // A run that moved between two pages while they were fetched is in both.
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      const latest = news.get(row.id);
      rows.push(latest && latest.state !== row.state ? { ...row, ...latest } : row);
    }
    return rows;
  }, [pages, news]);
}

function Count({
  total,
  all,
  filtered,
  known,
  selected,
  onClear,
}: {
  total: number;
  all: number;
  filtered: boolean;
  known: boolean;
  selected: number;
  onClear: () => void;
}) {
  if (selected > 0) {
    return (
      <span className={css.count}>
        <span className="number" role="status">
          {formatNumber(selected)} selected
        </span>
        <button type="button" className="button plain" onClick={onClear}>
          Clear
        </button>
      </span>
    );
  }
  if (!known) return null;
  return (
    <span className={`${css.count} number`} role="status">
      {filtered
        ? `${formatNumber(total)} of ${formatNumber(Math.max(all, total))} runs`
        : `${formatNumber(total)} ${total === 1 ? "run" : "runs"}`}
    </span>
  );
}

function NoRuns({ filtered, project, onClear }: { filtered: boolean; project: string; onClear: () => void }) {
  if (filtered) {
    return (
      <Empty title="No run matches this filter">
        <p>
          The project has runs, but none for which all of it holds.{" "}
          <button type="button" className="button" onClick={onClear}>
            Show all runs
          </button>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No runs in this project yet">
      <p>The first one shows up here the moment it begins.</p>
      <Snippet
        label="the example"
        text={`import trackrecord as tr\n\nwith tr.init(${JSON.stringify(project)}, params={"lr": 0.1}) as run:\n    run.log({"loss": 0.5})`}
      />
    </Empty>
  );
}
