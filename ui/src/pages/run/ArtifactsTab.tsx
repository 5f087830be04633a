import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { apiUrl, part, send } from "../../api/client";
import type { Artifact, RunDetail } from "../../api/types";
import { formatBytes, formatCount } from "../../format/numbers";
import { formatTime } from "../../format/times";
import { Copy } from "../../parts/Copy";
import { Icon } from "../../parts/Icon";
import { Empty, Failure, Loading } from "../../parts/Messages";
import { Modal } from "../../parts/Modal";
import css from "./run.module.css";
import { imageType, isText } from "./fileTypes";

type File = Artifact["files"][number];

/** Larger texts are downloaded, not shown. */
const MOST_PREVIEW_BYTES = 1_000_000;

export function ArtifactsTab({ run }: { run: RunDetail }) {
  const [shown, setShown] = useState<File | null>(null);
  if (run.artifacts.length === 0) {
    return (
      <Empty title="No artifacts">
        <p>
          Keep a file with the run: <code>run.log_artifact("model.joblib", kind="model")</code>
        </p>
      </Empty>
    );
  }
  return (
    <>
      {run.artifacts.map((artifact) => (
        <section
          className={css.panel}
          key={`${artifact.name} ${artifact.version}`}
          aria-label={`Artifact ${artifact.name}`}
        >
          <header>
            <h2>{artifact.name}</h2>
            <span className="muted">
              version {artifact.version}
              {artifact.kind && `, ${artifact.kind}`}, {formatCount(artifact.files.length, "file")},{" "}
              {formatBytes(artifact.size)}, {formatTime(artifact.created)}
            </span>
          </header>
          <div className={css.wide}>
            <table className={css.files}>
              <thead>
                <tr>
                  <th scope="col">File</th>
                  <th scope="col">Size</th>
                  <th scope="col">Digest</th>
                  <th scope="col">
                    <span className="hidden">What to do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {artifact.files.map((file) => (
                  <tr key={file.path}>
                    <th scope="row">
                      <code>{file.path}</code>
                    </th>
                    <td className="number">{formatBytes(file.size)}</td>
                    <td>
                      <span className={css.digest}>
                        <code title={file.digest}>{file.digest.replace(/^sha256:/, "").slice(0, 12)}</code>
                        <Copy text={file.digest} label={`Copy the digest of ${file.path}`} />
                      </span>
                    </td>
                    <td>
                      <span className={css.fileActions}>
                        {canPreview(file) && (
                          <button
                            type="button"
                            className="button"
                            onClick={() => setShown(file)}
                            aria-label={`Preview ${file.path}`}
                          >
                            Preview
                          </button>
                        )}
                        <a
                          className="button"
                          href={blobUrl(file, { download: 1 })}
                          download={fileName(file)}
                          aria-label={`Download ${file.path}`}
                        >
                          <Icon name="download" />
                          Download
                        </a>
                      </span>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ))}
      {shown && (
        <Modal title={shown.path} onClose={() => setShown(null)} wide>
          <Preview file={shown} />
        </Modal>
      )}
    </>
  );
}

function fileName(file: File): string {
  return file.path.split("/").at(-1) ?? file.path;
}

function blobUrl(file: File, query: { download?: number; type?: string }): string {
  return apiUrl(`/blobs/${part(file.digest)}`, { name: fileName(file), ...query });
}

function canPreview(file: File): boolean {
  return imageType(file.path) !== null || (isText(file.path) && file.size <= MOST_PREVIEW_BYTES);
}

function Preview({ file }: { file: File }) {
  const type = imageType(file.path);
  if (type) return <img className={css.previewImage} src={blobUrl(file, { type })} alt={file.path} />;
  return <TextPreview file={file} />;
}

/** Always as text: what a file of a run contains is never run as part of this page. */
function TextPreview({ file }: { file: File }) {
  const { data, error } = useQuery({
    queryKey: ["blob", file.digest],
    queryFn: async ({ signal }) => (await send(blobUrl(file, { type: "text/plain" }), { signal })).text(),
    staleTime: Infinity,
  });
  if (data === undefined) return error ? <Failure error={error} /> : <Loading what="the file" />;
  return (
    <pre className={css.previewText} tabIndex={0} role="region" aria-label={file.path}>
      {data}
    </pre>
  );
}
