/** A frame of `/live` as bytes and as columns (docs/live.md): what moved since the last one. */

export const HEIGHT_UNKNOWN = -(2 ** 31);
/** Of heading, speed and accuracy. */
export const UNKNOWN = 65535;
/** Bits of a row. */
export const BIT = { smoothed: 1, moving: 2, ignition: 4, silent: 8, alarm: 16, backlog: 32, doubted: 64, no_fix: 128 } as const;

const MAGIC = 0x314c5350;
const HEAD_BYTES = 32;
const ROW_BYTES = 28;
const FULL = 1;

/** Columns of n rows; `gone` are handles that ended. Units are in the names: 1e-7 degrees, centimetres, 0.01 degrees, 0.1 km/h, decimetres. */
export interface Frame {
  /** What it does not name is gone. */
  full: boolean;
  /** Milliseconds of UTC. */
  tick_ms: number;
  number: number;
  handle: Uint32Array;
  lon_e7: Int32Array;
  lat_e7: Int32Array;
  height_cm: Int32Array;
  /** From the fix to the tick. */
  age_ms: Int32Array;
  heading_cdeg: Uint16Array;
  speed_dkmh: Uint16Array;
  accuracy_dm: Uint16Array;
  bits: Uint16Array;
  gone: Uint32Array;
}

/** The frame that these bytes are; throws a RangeError for anything else. No count is believed before it is compared with the bytes. */
export function decodeFrame(data: ArrayBuffer): Frame {
  const view = new DataView(data);
  if (data.byteLength < HEAD_BYTES || view.getUint32(0, true) !== MAGIC) throw new RangeError("no frame: it does not begin with PSL1 and a head");
  const rows = view.getUint32(8, true);
  const gone = view.getUint32(12, true);
  const counted = HEAD_BYTES + rows * ROW_BYTES + gone * 4;
  if (counted !== data.byteLength) throw new RangeError(`${data.byteLength} bytes where the head counts ${counted}`);
  let at = HEAD_BYTES;
  const next = (width: number, count: number): [ArrayBuffer, number, number] => {
    const from = at;
    at += width * count;
    return [data, from, count];
  };
  return {
    full: (view.getUint8(4) & FULL) !== 0,
    tick_ms: Number(view.getBigInt64(16, true)) / 1000,
    number: Number(view.getBigUint64(24, true)),
    handle: new Uint32Array(...next(4, rows)),
    lon_e7: new Int32Array(...next(4, rows)),
    lat_e7: new Int32Array(...next(4, rows)),
    height_cm: new Int32Array(...next(4, rows)),
    age_ms: new Int32Array(...next(4, rows)),
    heading_cdeg: new Uint16Array(...next(2, rows)),
    speed_dkmh: new Uint16Array(...next(2, rows)),
    accuracy_dm: new Uint16Array(...next(2, rows)),
    bits: new Uint16Array(...next(2, rows)),
    gone: new Uint32Array(...next(4, gone)),
  };
}
