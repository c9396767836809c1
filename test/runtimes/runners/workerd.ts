// For workerd: the report as the response to any request.
import { runSuite } from '../suite.ts';

export default { fetch: async () => Response.json(await runSuite()) };
