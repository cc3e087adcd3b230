/** Signature algorithms that count how often they are asked. */
import type { Algorithm, AlgorithmTable } from '../../../src/dnssec/algorithm.ts';

export function counted(table: AlgorithmTable, count: () => void): AlgorithmTable {
  return new Map([...table].map(([number, algorithm]) => [number, countedAlgorithm(algorithm, count)]));
}

function countedAlgorithm({ name, importKey, verify }: Algorithm, count: () => void): Algorithm {
  return {
    name,
    importKey,
    verify(key, data, signature) {
      count();
      return verify(key, data, signature);
    },
  };
}
