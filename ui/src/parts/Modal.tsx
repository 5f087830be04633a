import { useEffect, useId, useRef, type ReactNode } from "react";
import { Icon } from "./Icon";
import css from "./parts.module.css";

/** A native dialog: it keeps the focus inside, closes with Escape and gives the focus back. */
export function Modal({
  title,
  onClose,
  wide,
  children,
}: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={css.modal}
      data-wide={wide}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={css.modalInside}>
        <header>
          <h2 id={titleId}>{title}</h2>
          <button type="button" className="button plain" onClick={onClose} aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
