import { SaxesParser, type SaxesTagNS } from 'saxes';
import { apiError } from './errors.ts';

/** Requests nest eight deep. */
const DEPTH_MAX = 16;

/** An element: its children or its text. Prefixes are gone. */
export interface Element {
  readonly name: string;
  readonly namespace: string;
  readonly children: readonly Element[];
  readonly text: string;
}

interface Open {
  name: string;
  namespace: string;
  children: Element[];
  text: string;
}

/**
 * The root element of a document. No declaration, comment or CDATA section is let in: whatever begins with `<!` is
 * refused before the parser sees anything, so that there are no entities but the five of XML.
 * Throws ApiError MalformedInput.
 */
export function parseXml(octets: Uint8Array): Element {
  const text = decode(octets);
  if (text.includes('<!')) throw malformed('declarations, comments and CDATA sections are not taken');
  const parser = new SaxesParser({ xmlns: true });
  const open: Open[] = [];
  let root: Element | undefined;
  parser.on('error', (error) => {
    throw malformed(error.message);
  });
  parser.on('opentag', ({ local, uri }: SaxesTagNS) => {
    if (open.length === DEPTH_MAX) throw malformed(`elements nest over ${DEPTH_MAX} deep`);
    open.push({ name: local, namespace: uri, children: [], text: '' });
  });
  parser.on('text', (more) => {
    const top = open.at(-1);
    if (top !== undefined) top.text += more;
  });
  parser.on('closetag', () => {
    const element = open.pop()!;
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  parser.write(text).close();
  if (root === undefined) throw malformed('there is no element');
  return root;
}

function decode(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch {
    throw malformed('it is not UTF-8');
  }
}

function malformed(why: string) {
  return apiError('MalformedInput', `The request body is not XML that can be read: ${why}`);
}

/** Text as it stands between tags. Characters that XML 1.0 does not have at all become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\r]/g, (c) => ESCAPES[c]!);
}
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};
