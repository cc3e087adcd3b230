import { join } from 'node:path';

/** `config/` of the package, which lies beside `src/` and `dist/` alike. */
const FOLDER = join(import.meta.dirname, '../../../config');

/** Names and addresses of the public root's servers. */
export const SHIPPED_HINTS = join(FOLDER, 'root.hints');
/** The public root's trust anchors. */
export const SHIPPED_ANCHORS = join(FOLDER, 'root.key');
