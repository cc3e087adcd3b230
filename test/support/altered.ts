/** `object` with some methods replaced: private fields stay where they are. */
export function altered<T extends object>(object: T, other: Partial<T>): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object)) as (keyof T)[];
  const methods = names.filter((name) => typeof object[name] === 'function' && name !== 'constructor');
  const bound = methods.map((name) => [name, (object[name] as () => void).bind(object)]);
  return Object.assign(Object.create(object) as T, Object.fromEntries(bound), other);
}
