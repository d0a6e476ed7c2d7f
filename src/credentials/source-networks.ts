import { BlockList, isIP } from 'node:net';

const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * Whether `address` lies in one of `cidrs`. An address that cannot be read lies in none.
 * @throws Error for a network that cannot be read: it must never stand for every address.
 */
export const isInNetworks = (address: string, cidrs: readonly string[]): boolean => {
  const plain = mappedIpv4.exec(address)?.[1] ?? address;
  const family = isIP(plain);
  if (family === 0) return false;
  const networks = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits = ''] = cidr.split('/');
    if (!/^\d+$/.test(bits)) throw new RangeError('a source network has no prefix length');
    networks.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return networks.check(plain, family === 6 ? 'ipv6' : 'ipv4');
};
