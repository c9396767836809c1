/** The response of the payment gateway. */
export interface Payment {
  readonly approved: boolean;
  readonly reference: string;
}

class GatewayError extends Error {
  override readonly name = 'GatewayError';
}

/** Charges a card once for each idempotency key, however often it is called. */
export async function charge(
  body: Readonly<Record<string, string | undefined>>,
  { idempotencyKey, signal }: { readonly idempotencyKey: string; readonly signal: AbortSignal },
): Promise<Payment> {
  const response = await fetch(`${process.env['GATEWAY_URL']}/charges`, {
    method: 'POST',
    redirect: 'error',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw new GatewayError(`The gateway responded with ${response.status}.`);
  return response.json();
}
