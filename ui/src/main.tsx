import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeQueryClient } from "./api/queries";
import { App } from "./app/App";
import { startLive } from "./data/live";
import { refreshOnChange } from "./data/refresh";
import "./styles/tokens.css";
import "./styles/base.css";

const client = makeQueryClient();
refreshOnChange(client);
startLive();

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
