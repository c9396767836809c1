/** What the flow may know about an account. */
export interface Account {
  readonly tier: string;
  readonly openOrders: number;
}

/** Returns the account if the PIN is right. */
export async function verifyAccount(
  inputs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Account | undefined> {
  const response = await fetch(`${process.env['ACCOUNTS_URL']}/accounts/verify`, {
    method: 'POST',
    redirect: 'error',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(inputs),
    signal,
  });
  if (response.status === 403) return undefined;
  if (!response.ok) throw new Error(`The account service responded with ${response.status}.`);
  return response.json();
}
