interface Medicine {
  name: string;
  atc: string;
  unit: string;
  frequency: string;
  quantity: number;
  route: string;
}

/**
 * Usual medicines with their WHO ATC code, to fill in what can be known from the name. A help for typing: anything else
 * can be prescribed by its name and code.
 */
export const medicines: readonly Medicine[] = [
  ['Enalapril 10 mg comprimidos', 'C09AA02', 28, 24],
  ['Losartán 50 mg comprimidos', 'C09CA01', 28, 24],
  ['Amlodipino 5 mg comprimidos', 'C08CA01', 30, 24],
  ['Hidroclorotiazida 25 mg comprimidos', 'C03AA03', 20, 24],
  ['Furosemida 40 mg comprimidos', 'C03CA01', 30, 24],
  ['Bisoprolol 5 mg comprimidos', 'C07AB07', 60, 24],
  ['Atorvastatina 20 mg comprimidos', 'C10AA05', 28, 24],
  ['Simvastatina 20 mg comprimidos', 'C10AA01', 28, 24],
  ['Metformina 850 mg comprimidos', 'A10BA02', 56, 12],
  ['Gliclazida 30 mg comprimidos', 'A10BB09', 60, 24],
  ['Omeprazol 20 mg cápsulas', 'A02BC01', 28, 24],
  ['Paracetamol 1 g comprimidos', 'N02BE01', 40, 8],
  ['Ibuprofeno 600 mg comprimidos', 'M01AE01', 40, 8],
  ['Diclofenaco 50 mg comprimidos', 'M01AB05', 40, 8],
  ['Tramadol 50 mg cápsulas', 'N02AX02', 20, 8],
  ['Ácido acetilsalicílico 100 mg comprimidos', 'B01AC06', 30, 24],
  ['Warfarina 5 mg comprimidos', 'B01AA03', 40, 24],
  ['Acenocumarol 4 mg comprimidos', 'B01AA07', 20, 24],
  ['Apixabán 5 mg comprimidos', 'B01AF02', 60, 12],
  ['Amoxicilina 500 mg cápsulas', 'J01CA04', 21, 8],
  ['Amoxicilina y clavulánico 875/125 mg comprimidos', 'J01CR02', 20, 8],
  ['Azitromicina 500 mg comprimidos', 'J01FA10', 3, 24],
  ['Ciprofloxacino 500 mg comprimidos', 'J01MA02', 14, 12],
  ['Fosfomicina 3 g sobres', 'J01XX01', 2, 24],
  ['Fluconazol 150 mg cápsulas', 'J02AC01', 1, 24],
  ['Prednisona 10 mg comprimidos', 'H02AB07', 30, 24],
  ['Levotiroxina 50 microgramos comprimidos', 'H03AA01', 100, 24],
  ['Sertralina 50 mg comprimidos', 'N06AB06', 30, 24],
  ['Escitalopram 10 mg comprimidos', 'N06AB10', 28, 24],
  ['Lorazepam 1 mg comprimidos', 'N05BA06', 50, 24],
  ['Loratadina 10 mg comprimidos', 'R06AX13', 20, 24],
  ['Digoxina 0,25 mg comprimidos', 'C01AA05', 50, 24],
  ['Amiodarona 200 mg comprimidos', 'C01BD01', 30, 24],
].map(([name, atc, quantity, hours]) => ({
  name: String(name),
  atc: String(atc),
  quantity: Number(quantity),
  unit: String(name).split(' ').at(-1) ?? 'comprimidos',
  frequency: `cada ${String(hours)} horas`,
  route: 'oral',
}));

/** What a form takes over from a usual medicine, and how it stands before one is named. */
type Filled = Readonly<Record<'medication' | 'atc' | 'quantity' | 'unit' | 'frequency' | 'route', string>>;

export const unnamed: Filled = { medication: '', atc: '', quantity: '', unit: '', frequency: '', route: 'oral' };

function filled({ name, quantity, ...rest }: Medicine): Filled {
  return { medication: name, quantity: String(quantity), ...rest };
}

const usual = (name: string) => medicines.find((each) => each.name === name);

/**
 * The form after another name was typed. What a usual medicine filled in goes with its name: the checks run on the code
 * alone, and another drug's code would let them pass. What was corrected by hand stays, but not the code.
 */
export function renamed<F extends Filled>(fields: F, medication: string): F {
  const known = usual(medication);
  if (known) return { ...fields, ...filled(known) };
  const before = usual(fields.medication);
  if (!before) return { ...fields, medication };
  const taken = filled(before);
  const cleared = Object.entries(unnamed).filter(
    ([name]) => name === 'atc' || fields[name as keyof Filled] === taken[name as keyof Filled],
  );
  return { ...fields, ...Object.fromEntries(cleared), medication };
}

/** The substance of a code, as far as the usual medicines tell. */
export function substance(atc: string): string | undefined {
  const code = atc.trim().toUpperCase();
  return medicines.find((each) => each.atc === code)?.name.split(/ (?=\d)/)[0];
}
