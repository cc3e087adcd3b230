import { nameKey, nameToText } from '../../../wire/name.ts';
import type { Path } from '../problem.ts';
import { type CheckContext, Once } from './context.ts';

export function checkRecursion(context: CheckContext): void {
  const { ipv4, ipv6, negativeTrustAnchors = [], anchors } = context.draft.recursion ?? {};
  if (ipv4 === false && ipv6 === 'off')
    context.error(
      ['recursion', 'ipv6'],
      'with neither IPv4 nor IPv6 no server can be asked',
      'write ipv6: on, or ipv4: on',
    );
  const domains = new Once();
  negativeTrustAnchors.forEach((anchor, i) => {
    const path: Path = ['recursion', 'negativeTrustAnchors', i, 'domain'];
    const first = anchor?.domain && domains.add(nameKey(anchor.domain), path);
    if (anchor?.domain && first)
      context.error(path, `${nameToText(anchor.domain)} stands at ${first} already`, 'leave one out');
  });
  const files = new Once();
  if (Array.isArray(anchors))
    anchors.forEach((file, i) => {
      const path: Path = ['recursion', 'anchors', i];
      if (file && files.add(file, path)) context.error(path, `${file} stands here twice`, 'leave one out');
    });
}
