import { BlockList, isIP } from 'node:net';

/** IANA IPv4 special-purpose registry (RFC 6890), and what clouds put at addresses that look public. */
const specialIpv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Azure's platform endpoint.
  '168.63.129.16/32',
];

/** Global unicast (RFC 4291 §2.4). Mapped IPv4, NAT64, unique local, link-local and multicast lie outside. */
const globalIpv6 = ['2000::/3'];

/** Within 2000::/3: Teredo, ORCHID and benchmarks (2001::/23), documentation, 6to4, AS112. */
const specialIpv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const networks = (family: 'ipv4' | 'ipv6', cidrs: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix = ''] = cidr.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
};

const special4 = networks('ipv4', specialIpv4);
const global6 = networks('ipv6', globalIpv6);
const special6 = networks('ipv6', specialIpv6);

/** Whether `address` is one that anybody on the internet may be asked at. False for what is no address at all. */
export const isPublicAddress = (address: string): boolean => {
  // A zone index (`fe80::1%eth0`) is only ever link-local.
  if (address.includes('%')) return false;
  const family = isIP(address);
  if (family === 4) return !special4.check(address, 'ipv4');
  return family === 6 && global6.check(address, 'ipv6') && !special6.check(address, 'ipv6');
};

const loopback4 = networks('ipv4', ['127.0.0.0/8']);

/** Whether `address` is this machine's own. */
export const isLoopbackAddress = (address: string): boolean =>
  address === '::1' || (isIP(address) === 4 && loopback4.check(address, 'ipv4'));
