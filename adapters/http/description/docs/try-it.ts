// Runs in the browser: copies the examples, and sends the forms to the service that served the page.

const operations = document.querySelector<HTMLElement>('#operations');
const languages = document.querySelector<HTMLElement>('#languages');
const bearer = document.querySelector<HTMLInputElement>('#bearer');

// Behind a proxy, the service does not know the address that the browser uses.
const served = operations?.dataset['origin'] ?? '';
const here = new URL('.', location.href).href.slice(0, -1);
for (const sample of document.querySelectorAll('[data-sample] pre')) {
  sample.textContent = sample.textContent?.replaceAll(served, here) ?? '';
}

for (const button of document.querySelectorAll<HTMLButtonElement>('.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const text = button.closest('.sample')?.querySelector('pre')?.textContent ?? '';
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Select and copy';
    }
  });
}

if (languages !== null) {
  languages.hidden = false;
  languages.addEventListener('click', ({ target }) => {
    if (target instanceof HTMLElement && target.dataset['language'] !== undefined) choose(target.dataset['language']);
  });
  choose('curl');
}

function choose(language: string): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.dataset['language'] === language));
  }
  for (const sample of document.querySelectorAll<HTMLElement>('[data-sample]')) {
    sample.hidden = sample.dataset['sample'] !== language;
  }
}

for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (form.dataset['path'] !== undefined) void send(form);
  });
}

async function send(form: HTMLFormElement): Promise<void> {
  const { method = 'get', path = '', token } = form.dataset;
  const [status, output] = [form.querySelector('[role=status]'), form.querySelector('pre')];
  const body = form.querySelector('textarea')?.value;
  if (status === null || output === null) return;
  output.hidden = true;
  if (token !== undefined && !bearer?.value) {
    status.textContent = 'Enter the token at the top of this page first.';
    return;
  }
  status.textContent = 'Sending…';
  try {
    const response = await fetch(new URL(path, location.href), {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${bearer?.value.trim()}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    status.textContent = `Status ${response.status}`;
    output.textContent = indented(text);
    output.hidden = false;
  } catch {
    status.textContent = 'The service cannot be reached. Check the connection and send again.';
  }
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
