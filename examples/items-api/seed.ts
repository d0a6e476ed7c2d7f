import type { NewItem } from './items.ts';

type Row = readonly [
  name: string,
  description: string | null,
  tags: NewItem['tags'],
  priceCents: number,
  stock: number,
];

const rows: readonly Row[] = [
  ['Claw hammer', 'Steel head, 450 g, hickory handle.', ['tools'], 1890, 24],
  ['Rubber mallet', 'For paving stones and furniture.', ['tools', 'garden'], 1290, 11],
  ['Cross-head screwdriver PH2', 'Magnetic tip, 100 mm blade.', ['tools'], 690, 60],
  ['Slotted screwdriver 5.5 mm', null, ['tools'], 590, 48],
  ['Insulated screwdriver set', 'Six pieces, tested to 1000 V.', ['tools', 'electrical'], 3490, 9],
  ['Combination pliers', '180 mm, with a cutter.', ['tools'], 1990, 17],
  ['Water pump pliers', '250 mm, seven positions.', ['tools'], 2190, 13],
  ['Adjustable spanner', 'Opens to 30 mm.', ['tools'], 1790, 20],
  ['Hex key set', 'Nine keys from 1.5 to 10 mm.', ['tools'], 1190, 35],
  ['Tape measure 5 m', 'With a stop and a belt clip.', ['tools'], 890, 52],
  ['Spirit level 60 cm', 'Two vials, aluminium.', ['tools'], 1690, 14],
  ['Hand saw', 'For wood, 500 mm, hardened teeth.', ['tools'], 1590, 18],
  ['Utility knife', 'With five spare blades.', ['tools'], 790, 41],
  ['Wood screws 4 x 40', 'Box of 200, countersunk, zinc-plated.', ['fasteners'], 790, 120],
  ['Wood screws 5 x 80', 'Box of 100, countersunk, zinc-plated.', ['fasteners'], 990, 85],
  ['Drywall screws 3.5 x 35', 'Box of 500, fine thread.', ['fasteners'], 1090, 64],
  ['Machine screws M6 x 20', 'Bag of 50, with nuts.', ['fasteners'], 690, 73],
  ['Wall plugs 8 mm', 'Box of 100, nylon.', ['fasteners'], 490, 150],
  ['Heavy-duty anchors M10', 'Four anchors for concrete.', ['fasteners'], 1290, 22],
  ['Wire nails 2.5 x 50', '1 kg.', ['fasteners'], 590, 47],
  ['Cable ties 200 mm', 'Bag of 100, black.', ['fasteners', 'electrical'], 390, 200],
  ['Extension lead 5 m', 'Three sockets, 16 A.', ['electrical'], 1490, 26],
  ['Cable reel 25 m', 'For outdoors, with a thermal cut-out.', ['electrical', 'garden'], 4990, 6],
  ['LED lamp E27 8 W', 'Warm white, 806 lumens.', ['electrical'], 490, 95],
  ['Work light 30 W', 'LED, with a stand.', ['electrical', 'tools'], 2990, 12],
  ['Voltage tester', 'Two poles, 12 to 690 V.', ['electrical', 'safety'], 2490, 10],
  ['Insulating tape', '19 mm x 20 m, black.', ['electrical'], 250, 180],
  ['Junction box', null, ['electrical'], 320, 77],
  ['White wall paint 10 l', 'Covers 70 square metres, low odour.', ['paint'], 3990, 19],
  ['Wood varnish 0.75 l', 'Clear, silk matt.', ['paint'], 1690, 21],
  ['Rust primer 0.75 l', 'Grey, for steel.', ['paint'], 1890, 8],
  ['Paint roller set', 'Roller, tray and telescopic pole.', ['paint', 'tools'], 1490, 30],
  ['Flat brush 50 mm', 'For varnish.', ['paint', 'tools'], 490, 66],
  ['Masking tape', '38 mm x 50 m.', ['paint'], 390, 110],
  ['Garden hose 20 m', 'With two couplings.', ['garden'], 2490, 15],
  ['Pruning shears', 'Bypass blades, for branches to 20 mm.', ['garden', 'tools'], 1990, 16],
  ['Leaf rake', 'Plastic, 60 cm.', ['garden'], 1290, 9],
  ['Safety glasses', 'Clear, scratch-resistant.', ['safety'], 690, 58],
  ['Ear muffs', 'SNR 28 dB.', ['safety'], 1590, 20],
  ['Work gloves', 'Size 10, with a nitrile palm.', ['safety', 'garden'], 490, 90],
];

/** What the shop has in stock when it opens. */
export const seed: readonly NewItem[] = rows.map(
  ([name, description, tags, priceCents, stock]) => ({
    name,
    ...(description === null ? {} : { description }),
    tags,
    priceCents,
    stock,
  }),
);
