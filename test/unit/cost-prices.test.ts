import { describe, expect, it } from 'vitest';
import { priceOf, priceRegion, prices, pricesDate, type Price } from '../../src/cost/prices.ts';

describe('the table of prices', () => {
  it.each(Object.entries<Price>(prices))(
    '%s has a source, a day and tiers that go on',
    (_, price) => {
      expect(price.source).toMatch(/^https:\/\/aws\.amazon\.com\/[a-z0-9/-]+\/pricing\/$/);
      expect(price.date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(Date.parse(price.date)).toBeLessThanOrEqual(Date.parse(pricesDate));
      const ends = price.tiers.map(({ upTo }) => upTo ?? Infinity);
      expect(ends).toEqual(ends.toSorted((a, b) => a - b));
      expect(ends.at(-1)).toBe(Infinity);
      for (const { usd } of price.tiers) expect(usd).toBeGreaterThan(0);
    },
  );

  it('says so of every price that was not compared with a published figure', () => {
    for (const { verified, note } of Object.values<Price>(prices)) {
      if (!verified) expect(note).toBeDefined();
    }
  });

  it('is of one region', () => {
    expect(priceRegion).toBe('us-east-1');
  });
});

describe('what a quantity costs', () => {
  it('is in proportion in the first tier', () => {
    expect(priceOf('apiGatewayRequest', 0)).toBe(0);
    expect(priceOf('apiGatewayRequest', 1e6)).toBeCloseTo(3.5, 9);
  });

  it('has each tier’s price for what lies in the tier', () => {
    // 333 million at 3.50, 667 million at 2.80, 1,000 million at 2.38.
    expect(priceOf('apiGatewayRequest', 2e9)).toBeCloseTo(1165.5 + 1867.6 + 2380, 6);
    // 10 TB at 0.09, 40 TB at 0.085, 100 TB at 0.07, the rest at 0.05.
    expect(priceOf('dataOut', 153_600)).toBeCloseTo(921.6 + 3481.6 + 7168, 6);
    expect(priceOf('dataOut', 153_601) - priceOf('dataOut', 153_600)).toBeCloseTo(0.05, 6);
  });
});
