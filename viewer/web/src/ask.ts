/** Answers on their way: one question whose answer is kept until the question changes, and a list that comes in pages. */

import { Failure } from "./service";

export type Loaded<Answer> = { status: "loading" } | { status: "failed"; why: Failure } | { status: "ready"; value: Answer };

interface Host { requestUpdate(): void }

/** Asks when the question is a new one; an answer to an older question is dropped. */
export class Ask<Answer> {
  private question: string | null = null;
  private state: Loaded<Answer> = { status: "loading" };
  private kept = false;
  private subject: string | null = null;

  constructor(private readonly host: Host) {}

  of(question: string, ask: () => Promise<Answer>): Loaded<Answer> {
    if (question !== this.question) {
      this.question = question;
      if (!this.kept) this.state = { status: "loading" };
      this.kept = false;
      void this.settle(question, ask);
    }
    return this.state;
  }

  /** As `of`; where only the last part of the question changed (`subject` is the rest), what is known stays in sight meanwhile. */
  lasting(question: string, subject: string, ask: () => Promise<Answer>): Loaded<Answer> {
    this.kept ||= question !== this.question && this.subject === subject && this.state.status === "ready";
    this.subject = subject;
    return this.of(question, ask);
  }

  /** The next time it is asked anew. */
  forget(): void {
    this.question = null;
    this.host.requestUpdate();
  }

  /** Asked anew at once; what is known stays in sight until the answer comes. */
  refresh(): void {
    this.kept = true;
    this.forget();
  }

  private async settle(question: string, ask: () => Promise<Answer>): Promise<void> {
    const state = await outcome(ask);
    if (question !== this.question) return;
    this.state = state;
    this.host.requestUpdate();
  }
}

export interface Page<Entry> { entries: Entry[]; next: string | null; matched: number | null; exact: boolean }
export interface List<Entry> extends Page<Entry> { coming: boolean; why: Failure | null }

/** A list that grows page by page, as far as one reads it. */
export class Pages<Entry> {
  private question: string | null = null;
  private list: List<Entry> = nothingYet();
  private readPage: (address: string) => Promise<Page<Entry>> = () => Promise.reject(new Failure("failure.network"));

  constructor(private readonly host: Host) {}

  of(first: string, readPage: (address: string) => Promise<Page<Entry>>): List<Entry> {
    if (first !== this.question) {
      this.question = first;
      this.list = { ...nothingYet<Entry>(), next: first };
      this.readPage = readPage;
      void this.more();
    }
    return this.list;
  }

  /** The following page; after a failure the same one again. */
  async more(): Promise<void> {
    const { question, list } = this;
    if (list.next === null) return;
    this.list = { ...list, coming: true, why: null };
    this.host.requestUpdate();
    const next = list.next;
    const state = await outcome(() => this.readPage(next));
    if (question !== this.question || state.status === "loading") return;
    this.list = state.status === "failed" ? { ...list, coming: false, why: state.why } : { ...state.value, entries: [...list.entries, ...state.value.entries], coming: false, why: null };
    this.host.requestUpdate();
  }

  forget(): void {
    this.question = null;
    this.host.requestUpdate();
  }
}

export async function outcome<Answer>(ask: () => Promise<Answer>): Promise<Loaded<Answer>> {
  try {
    return { status: "ready", value: await ask() };
  } catch (error) {
    if (error instanceof Failure) return { status: "failed", why: error };
    throw error;
  }
}

function nothingYet<Entry>(): List<Entry> {
  return { entries: [], next: null, matched: null, exact: true, coming: true, why: null };
}
