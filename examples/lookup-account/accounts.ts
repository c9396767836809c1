/** What the flow may know of an account. */
export interface Account {
  readonly tier: string;
  readonly openOrders: number;
}

/** The account, if the PIN is right. */
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
  if (!response.ok) throw new Error(`The account service answered ${response.status}.`);
  return response.json();
}
