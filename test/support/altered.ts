/** `object` with some methods replaced: what is private stays where it is. */
export function altered<T extends object>(object: T, other: Partial<T>): T {
  const copy = Object.create(object) as T;
  const described = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object) as T);
  for (const [name, { get, value }] of Object.entries<PropertyDescriptor>(described)) {
    if (get !== undefined) Object.defineProperty(copy, name, { get: get.bind(object) });
    else if (name !== 'constructor')
      Object.defineProperty(copy, name, { value: value.bind(object), configurable: true });
  }
  for (const [name, value] of Object.entries(other)) Object.defineProperty(copy, name, { value });
  return copy;
}
