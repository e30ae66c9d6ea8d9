/** Work that is asked for while it is done already: it is done again, from its beginning, and never beside itself. */
export function inOrder<T>(work: () => Promise<T>): () => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return () => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
}
