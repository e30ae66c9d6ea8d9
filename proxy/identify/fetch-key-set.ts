/**
 * Fetches an issuer's key set for jose, within bounds: a document of hundreds of megabytes, by mistake or on purpose,
 * must not fill a worker's memory. The deadline, which jose sets, covers the body as well.
 */
const MOST_BYTES = 1_048_576;

/** @throws TypeError when the document is too large, as fetch does when the network fails */
export async function fetchKeySet(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const { status } = response;
  if (status !== 200) {
    await response.body?.cancel();
    throw new TypeError(`the key set’s server answered ${status}`);
  }
  return new Response(await readBounded(response), { status });
}

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the body.
    if (bytes > MOST_BYTES) throw new TypeError(`the key set is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
